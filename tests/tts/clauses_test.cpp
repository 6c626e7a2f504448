#include "plugins/tts/clauses.hpp"

#include <doctest/doctest.h>

using parley::tts::clauses;
using Pieces = std::vector<std::string>;

TEST_CASE("clauses: a short text is one piece, white space is none") {
  CHECK(clauses("Hello there,  friend.\n") == Pieces{"Hello there, friend."});
  CHECK(clauses(" \n\t").empty());
  CHECK(clauses("").empty());
}

TEST_CASE("clauses: a long text is cut behind a sentence, else a comma, else between words") {
  CHECK(clauses("One thing is done. Two, three and four", 25) ==
        Pieces{"One thing is done.", "Two, three and four"});
  CHECK(clauses("when it rains, we stay at home", 20) ==
        Pieces{"when it rains,", "we stay at home"});
  CHECK(clauses("aaaa bbbb cccc dddd", 10) == Pieces{"aaaa bbbb", "cccc dddd"});
}

TEST_CASE("clauses: no piece is tiny only because a comma stands early, or a title has a stop") {
  CHECK(clauses("So, aaaa bbbb cccc dddd eeee", 24) == Pieces{"So, aaaa bbbb cccc dddd", "eeee"});
  CHECK(clauses("aaaa bbbb cccc Dr. Who lives", 20) == Pieces{"aaaa bbbb cccc Dr.", "Who lives"});
}

TEST_CASE("clauses: a word longer than a piece stays whole") {
  const std::string word(50, 'x');
  CHECK(clauses("a " + word + " b", 20) == Pieces{"a", word, "b"});
}
