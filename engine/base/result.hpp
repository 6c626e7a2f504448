// result: a value, or a sentence that says what went wrong.
//
// For what is expected to fail: network, peer, file, database, configuration. The sentence names
// the value that was wrong and is one a person can act on.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "engine/base/assert.hpp"

namespace parley {

struct Error {
  std::string what;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::move(value)) {}      // NOLINT: `return value;` is the point
  Result(Error error) : v_(std::move(error)) {}  // NOLINT

  explicit operator bool() const { return v_.index() == 0; }

  T& value() & {
    PARLEY_ASSERT(*this);
    return std::get<0>(v_);
  }
  const T& value() const& {
    PARLEY_ASSERT(*this);
    return std::get<0>(v_);
  }
  T&& value() && {
    PARLEY_ASSERT(*this);
    return std::get<0>(std::move(v_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const std::string& error() const {
    PARLEY_ASSERT(!*this);
    return std::get<1>(v_).what;
  }

 private:
  std::variant<T, Error> v_;
};

struct Done {};  // what a Result<Done> holds when there is nothing to hold
using Status = Result<Done>;
inline Status ok() { return Done{}; }

}  // namespace parley
