#include "plugins/turn/sentences.hpp"

#include <doctest/doctest.h>

#include <random>

using parley::SentenceCutter;
using Sentences = std::vector<std::string>;

namespace {

Sentences cut(std::string_view text, std::size_t step) {
  SentenceCutter cutter;
  Sentences all;
  for (std::size_t i = 0; i < text.size(); i += step)
    for (auto& s : cutter.push(text.substr(i, step))) all.push_back(std::move(s));
  if (auto rest = cutter.finish(); !rest.empty()) all.push_back(std::move(rest));
  return all;
}

}  // namespace

TEST_CASE("sentences: cut where one ends, the same however the text arrives") {
  const struct {
    const char* text;
    Sentences sentences;
  } table[]{
      {"Hello there, friend. How are you today? Fine!",
       {"Hello there, friend.", "How are you today?", "Fine!"}},
      {"Yes. I can do that for you.", {"Yes.", "I can do that for you."}},
      {"I can do that. OK. And now something else.",
       {"I can do that.", "OK. And now something else."}},
      {"Ask Dr. Smith or J. Doe. They know.", {"Ask Dr. Smith or J. Doe.", "They know."}},
      {"It costs 3.5 dollars, e.g. at No. 5. Is that fine?",
       {"It costs 3.5 dollars, e.g. at No. 5.", "Is that fine?"}},
      {"Well... let me see. Ah... Now I have it.", {"Well... let me see.", "Ah... Now I have it."}},
      {"She said \"Go away!\" Then she left for good.",
       {"She said \"Go away!\"", "Then she left for good."}},
      {"What?! Are you sure about that?", {"What?!", "Are you sure about that?"}},
      {"One line\nanother line\n\n\nlast", {"One line", "another line", "last"}},
      {"1. First thing here. 2. Second thing here.",
       {"1. First thing here.", "2. Second thing here."}},
      {"Visit www.parley.example now. Or call.", {"Visit www.parley.example now.", "Or call."}},
      {"Wait\u2026 There is more to come. \u00c4rger now.",
       {"Wait\u2026", "There is more to come.", "\u00c4rger now."}},
      {"\u3053\u3093\u306b\u3061\u306f\u3002\u5143\u6c17\u3067\u3059\u304b\uFF1F",
       {"\u3053\u3093\u306b\u3061\u306f\u3002", "\u5143\u6c17\u3067\u3059\u304b\uFF1F"}},
      {"   ", {}},
      {"", {}},
      {"no stop at all", {"no stop at all"}},
  };
  for (const auto& [text, sentences] : table)
    for (const std::size_t step : {1u, 2u, 3u, 7u, 1000u}) {
      CAPTURE(text);
      CAPTURE(step);
      CHECK(cut(text, step) == sentences);
    }
}

TEST_CASE("sentences: the first is there as soon as the next one begins") {
  SentenceCutter cutter;
  CHECK(cutter.push("Sure, I can help you.").empty());  // "you.com"?
  CHECK(cutter.push(" ").empty());                      // "you. and"?
  CHECK(cutter.push("W") == Sentences{"Sure, I can help you."});
  CHECK(cutter.push("hat is it").empty());
  CHECK(cutter.finish() == "What is it");
  CHECK(cutter.finish().empty());
}

TEST_CASE("sentences: a text that never ends is cut at a comma or between words, and stays whole") {
  std::string words, commas;
  for (int i = 0; i < 300; ++i) words += "word ", commas += i % 10 ? "word " : "word, ";
  for (const auto& text : {words, commas, std::string(2000, 'x')}) {
    const auto all = cut(text, 5);
    CHECK(all.size() >= 3);
    std::string joined;
    for (const auto& s : all) {
      CHECK(s.size() <= SentenceCutter::longest);
      joined += s;
    }
    std::string bare;
    for (const char c : text)
      if (c != ' ') bare += c;
    std::erase(joined, ' ');
    CHECK(joined == bare);
  }
  CHECK(cut(commas, 5)[0].back() == ',');
}

TEST_CASE("sentences: an endless word of many-byte characters is never cut inside one") {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "\u00e9";
  for (const auto& s : cut(text, 3)) CHECK((static_cast<unsigned char>(s[0]) & 0xC0) != 0x80);
}

TEST_CASE("sentences: any bytes in any pieces lose nothing but white space") {
  std::mt19937 random(7);
  const std::string alphabet = "aB1. !?\n\"',)\xE2\x80\xA6\xC3";
  for (int run = 0; run < 300; ++run) {
    std::string text;
    for (int i = 0; i < 400; ++i) text += alphabet[random() % alphabet.size()];
    const auto all = cut(text, 1 + random() % 9);
    std::string joined, bare;
    for (const auto& s : all) joined += s;
    for (const char c : joined)
      if (c != ' ' && c != '\n') bare += c;
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    CHECK(bare == text);
  }
}
