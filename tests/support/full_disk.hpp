// full_disk: while it lives no file of this process grows beyond a size: writing fails with EFBIG,
// as it would with ENOSPC on a full disk. setrlimit(2).
//
// Threads: one at a time; the limit is the process's.
#pragma once

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>

namespace parley::test {

class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);  // it would end the process
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before_) == 0);
    auto limit = before_;
    limit.rlim_cur = std::min(bytes, limit.rlim_max);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

}  // namespace parley::test
