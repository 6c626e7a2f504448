#include "plugins/agent/slots.hpp"

#include <doctest/doctest.h>

using namespace parley;
using Names = std::vector<std::string>;

namespace {
const Names names = {"Alice Johnson", "Robert Miller", "Alice Brown", "Mary O'Neill"};
std::string picked(const char* text) {
  const auto p = pick(text, names);
  return p ? p->value + (p->sure ? "" : "?") : "-";
}
std::string yes_no(const char* text) {
  const auto v = yes_or_no(text);
  return v ? *v ? "yes" : "no" : "-";
}
}  // namespace

TEST_CASE("slots: the normal form is lower case words with one blank between") {
  CHECK(normal("  B. Brown's -- Café! ") == "b brown's café");
  CHECK(normal("'tis 'quoted'") == "tis quoted");
  CHECK(normal("").empty());
}

TEST_CASE("slots: yes and no in the words people use") {
  for (const auto* text :
       {"yes", "Yeah, that's right.", "yep", "sure", "correct", "of course", "it is", "that's it"})
    CHECK_MESSAGE(yes_no(text) == "yes", text);
  for (const auto* text : {"no", "Nope.", "no that's wrong", "that's not right", "incorrect",
                           "no it isn't", "not correct"})
    CHECK_MESSAGE(yes_no(text) == "no", text);
  for (const auto* text : {"", "maybe", "blue", "yes no", "not"})
    CHECK_MESSAGE(yes_no(text) == "-", text);
}

TEST_CASE("slots: a name is found whole, in part when it is the only one, and spelled") {
  CHECK(picked("this is Alice Johnson speaking") == "Alice Johnson");
  CHECK(picked("alice") == "-");
  CHECK(picked("robert") == "Robert Miller?");
  CHECK(picked("mister miller") == "Robert Miller?");
  CHECK(picked("M. I. L. L. E. R.") == "Robert Miller");
  CHECK(picked("m i double l e r") == "Robert Miller");
  CHECK(picked("it's spelled b r o w n as in nancy") == "Alice Brown");
  CHECK(picked("a l i c e j o h n s o n") == "Alice Johnson");
  CHECK(picked("m i l e r") == "Robert Miller?");
  CHECK(picked("o n e i l l") == "Mary O'Neill");
  CHECK(picked("a l i c e") == "-");
  CHECK(picked("somebody else") == "-");
  CHECK(picked("") == "-");
}

TEST_CASE("slots: digits as words, figures, doubles; what is no digit does not count") {
  CHECK(digits_in("five five five oh one two three") == "5550123");
  CHECK(digits_in("it's double five, triple 0, 12") == "5500012");
  CHECK(digits_in("my number is 555-0123.") == "5550123");
  CHECK(digits_in("hello there").empty());
}

TEST_CASE("slots: letters alone, not words beside them") {
  CHECK(letters_in("B. R. o w n") == "brown");
  CHECK(letters_in("double t o") == "tto");
  CHECK(letters_in("hello").empty());
}

TEST_CASE("slots: a number is read out in groups, and back it is the same") {
  CHECK(speak_digits("5550123") == "5 5 5, 0 1 2 3");
  CHECK(speak_digits("2025550123") == "2 0 2, 5 5 5, 0 1 2 3");
  for (const std::string n : {"1", "12", "123", "1234", "12345", "12345678", "1234567890123"})
    CHECK(digits_in(speak_digits(n)) == n);
  CHECK(speak_letters("vin1") == "V, I, N, 1");
}

TEST_CASE("slots: somebody who thinks has said nothing yet") {
  for (const auto* text : {"um", "well, let me see", "hold on a second"})
    CHECK_MESSAGE(is_hesitation(text), text);
  CHECK_FALSE(is_hesitation("my heating is broken"));
  CHECK_FALSE(is_hesitation(""));
  CHECK_FALSE(has_content("um i would like to"));
  CHECK(has_content("i want a refund"));
}

TEST_CASE("slots: the names in braces, in order") {
  CHECK(holes_of("{a} and {b}, not {c") == Names{"a", "b"});
}
