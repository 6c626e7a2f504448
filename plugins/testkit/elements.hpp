// elements: what the test kit adds to the plugin. Threads: any.
#pragma once

#include <glib-object.h>

namespace parley::testkit {

GType caller_type();
GType netsim_type();
GType assert_type();

}  // namespace parley::testkit
