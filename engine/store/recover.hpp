// recover: closes the calls that were not over when the process before ended, however it ended.
//
// Each gets the event it never had, `call.ended` with reason "interrupted", at the time of its last
// event, so that every stream ends as streams do.
//
// Threads: the one that opens the store, before there is a writer.
#pragma once

#include <cstddef>

#include "engine/base/result.hpp"

namespace soci {
class session;
}

namespace parley::store {

Result<std::size_t> close_interrupted(soci::session& sql);  // how many there were

}  // namespace parley::store
