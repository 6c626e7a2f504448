#include "engine/control/access.hpp"

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::control;

TEST_CASE("access: Host must be loopback's, the listen address or configured") {
  const Access access{.listen = {"127.0.0.1", 8000},
                      .hosts = {"Parley.example"},
                      .origins = {"https://console.example.org"}};
  for (const char* host : {"localhost", "localhost:8000", "LOCALHOST:9000", "127.0.0.1:8000",
                           "[::1]:8000", "[::1]", "parley.example:8000", "console.example.org"}) {
    CAPTURE(host);
    CHECK_FALSE(access.refusal(host, ""));
  }
  for (const char* host :
       {"", "evil.example", "localhost.evil.example", "localhost:", "localhost:x",
        "localhost:99999", "127.0.0.1.evil.example:8000", "10.0.0.1:8000", "[::2]", "[::1",
        "user@localhost", "localhost,evil.example", "local host", "::1"}) {
    CAPTURE(host);
    CHECK(access.refusal(host, ""));
  }
}

TEST_CASE("access: Origin must be the page's own or configured") {
  const Access access{.listen = {"127.0.0.1", 8000}, .origins = {"https://console.example.org"}};
  struct Row {
    const char *host, *origin;
    bool allowed;
  };
  for (const auto& row : {
           Row{"localhost:8000", "http://localhost:8000", true},
           Row{"localhost:8000", "https://localhost:8000", true},
           Row{"localhost", "http://localhost", true},
           Row{"localhost:80", "http://localhost", true},
           Row{"localhost:8000", "https://console.example.org", true},
           Row{"localhost:8000", "https://console.example.org:443", true},
           Row{"localhost:8000", "http://console.example.org", false},
           Row{"localhost:8000", "http://localhost:3000", false},
           Row{"localhost:8000", "http://127.0.0.1:8000", false},
           Row{"localhost:8000", "http://localhost.evil.example:8000", false},
           Row{"localhost:8000", "null", false},
           Row{"localhost:8000", "file://", false},
           Row{"localhost:8000", "http://localhost:8000/path", false},
           Row{"localhost:8000", "http://evil@localhost:8000", false},
       }) {
    CAPTURE(row.host);
    CAPTURE(row.origin);
    CHECK(access.refusal(row.host, row.origin).has_value() != row.allowed);
  }
}

TEST_CASE("access: on all interfaces a literal address in Host is right, a foreign name is not") {
  const Access access{.listen = {"0.0.0.0", 8000}};
  CHECK_FALSE(access.refusal("192.168.1.7:8000", ""));
  CHECK(access.refusal("evil.example:8000", ""));
}

TEST_CASE("access: a listen address is literal, with a port") {
  CHECK(parse_address("127.0.0.1:8000")->text() == "127.0.0.1:8000");
  CHECK(parse_address("[::1]:0")->text() == "[::1]:0");
  CHECK(parse_address("localhost:1")->text() == "127.0.0.1:1");
  for (const char* bad : {"", "8000", "127.0.0.1", "127.0.0.1:70000", "example.org:80", "[::1]",
                          "127.0.0.1:80 ", "1.2.3:80"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_address(bad));
  }
}

TEST_CASE("access: listening beyond loopback wants `insecure`") {
  CHECK(may_listen({"127.0.0.1", 1}, false));
  CHECK(may_listen({"127.8.8.8", 1}, false));
  CHECK(may_listen({"::1", 1}, false));
  for (const char* host : {"0.0.0.0", "::", "192.168.1.7"}) {
    CHECK_FALSE(may_listen({host, 1}, false));
    CHECK(may_listen({host, 1}, true));
  }
}
