#include "engine/control/page.hpp"

namespace parley::control {

std::vector<Asset> embedded_page() { return {}; }

}  // namespace parley::control
