// limiter: how many datagrams a source may send, asked before anything reads them: a bucket of
// tokens per source address.
//
// The table is bounded. A new source takes the place of one whose bucket is full again (it loses
// nothing by that); when there is none, new sources wait.
//
// Threads: the owner's. Reads no clock.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include "engine/base/clock.hpp"

namespace parley::sip {

class Limiter {
 public:
  struct Limits {
    double per_second = 1000;
    double burst = 4000;
    std::size_t sources = 16384;
  };

  explicit Limiter(Limits limits) : limits_(limits) {}

  // Takes one of the source's tokens. False: it has none left, drop the datagram unread.
  bool admit(const std::string& source, Nanos now);
  std::size_t sources() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens;
    Nanos at;
    std::list<std::string>::iterator place;
  };
  double level(const Bucket& bucket, Nanos now) const;
  bool make_room(Nanos now);

  const Limits limits_;
  std::unordered_map<std::string, Bucket> buckets_;
  std::list<std::string> by_age_;  // least lately heard first
};

}  // namespace parley::sip
