#include "plugins/providers/sse.hpp"

#include <doctest/doctest.h>

using namespace parley;
using Events = std::vector<SseEvent>;

namespace {

Events parse(std::string_view bytes, std::size_t step) {
  SseParser parser;
  Events all;
  for (std::size_t i = 0; i < bytes.size(); i += step)
    for (auto& e : parser.push(bytes.substr(i, step))) all.push_back(std::move(e));
  for (auto& e : parser.finish()) all.push_back(std::move(e));
  return all;
}

}  // namespace

TEST_CASE("sse: the same events wherever the bytes are cut") {
  const struct {
    const char* bytes;
    Events events;
  } table[]{
      {"data: one\n\ndata: two\n\n", {{"", "one"}, {"", "two"}}},
      {"data: one\r\n\r\ndata: two\r\n\r\n", {{"", "one"}, {"", "two"}}},
      {"data: one\r\rdata:two\r\r", {{"", "one"}, {"", "two"}}},
      {"data: a\ndata: b\ndata\n\n", {{"", "a\nb\n"}}},
      {": keepalive\n\ndata: x\n: again\n\n", {{"", "x"}}},
      {"event: error\ndata: {}\n\ndata: y\n\n", {{"error", "{}"}, {"", "y"}}},
      {"\xEF\xBB\xBF"
       "data: caf\xC3\xA9 \xF0\x9F\x98\x80\n\n",
       {{"", "caf\xC3\xA9 \xF0\x9F\x98\x80"}}},
      {"id: 7\nretry: 3\nnonsense\n\n", {}},
      {"data: unfinished", {{"", "unfinished"}}},
      {"data:  two spaces\n\n", {{"", " two spaces"}}},
      {"", {}},
  };
  for (const auto& [bytes, events] : table)
    for (const std::size_t step : {1u, 2u, 3u, 5u, 1000u}) {
      CAPTURE(bytes);
      CAPTURE(step);
      CHECK(parse(bytes, step) == events);
    }
}

TEST_CASE("sse: a line without end breaks the stream instead of filling memory") {
  SseParser parser;
  const std::string block(4096, 'x');
  for (int i = 0; i < 1000 && !parser.broken(); ++i) CHECK(parser.push(block).empty());
  CHECK(parser.broken());
  CHECK(parser.push("\n\ndata: x\n\n").empty());
  SseParser lines;  // nor does an event of endless lines
  for (int i = 0; i < 2000 && !lines.broken(); ++i)
    CHECK(lines.push("data: " + block + "\n").empty());
  CHECK(lines.broken());
}
