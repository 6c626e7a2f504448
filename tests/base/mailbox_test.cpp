#include "engine/base/mailbox.hpp"

#include <doctest/doctest.h>

#include <thread>

using parley::Mailbox;

TEST_CASE("mailbox: a full box refuses, counts, and keeps what it had") {
  Mailbox<int> box(2);
  CHECK(box.offer(1));
  CHECK(box.offer(2));
  CHECK_FALSE(box.offer(3));
  CHECK(box.refused() == 1);
  CHECK(box.take_now() == std::vector{1, 2});
  CHECK(box.offer(4));
}

TEST_CASE("mailbox: wakes only for the first item of an empty box") {
  int woken = 0;
  Mailbox<int> box(8, [&] { ++woken; });
  CHECK(box.offer(1));
  CHECK(box.offer(2));
  CHECK(woken == 1);
  (void)box.take_now();
  CHECK(box.offer(3));
  CHECK(woken == 2);
}

TEST_CASE("mailbox: what several senders offer arrives once, each sender's in order") {
  Mailbox<int> box(100'000);
  std::vector<int> got;
  std::jthread receiver([&](std::stop_token stop) {
    while (got.size() < 4000)
      for (int i : box.take(stop)) got.push_back(i);
  });
  {
    std::vector<std::jthread> senders;
    for (int s = 0; s < 4; ++s)
      senders.emplace_back([&box, s] {
        for (int i = 0; i < 1000; ++i)
          while (!box.offer(s * 1000 + i)) {
          }
      });
  }
  receiver.join();
  int last[4] = {-1, -1, -1, -1};
  for (int i : got) {
    CHECK(last[i / 1000] < i);
    last[i / 1000] = i;
  }
  CHECK(got.size() == 4000);
}
