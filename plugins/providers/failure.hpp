// failure: what a provider says when it could not do its part.
#pragma once

#include <string>

namespace parley {

struct Failure {
  std::string what;    // a sentence: which service, what happened, with the status or the errno
  bool retry = false;  // the service was reachable and may answer another time
};

}  // namespace parley
