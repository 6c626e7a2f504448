// The GStreamer plugin "parley": every element of this project, in one table.
#include <gst/gst.h>

#include "plugins/record/record.hpp"
#include "plugins/rtp/egress.hpp"
#include "plugins/rtp/ingress.hpp"
#include "plugins/stt/stt.hpp"
#include "plugins/testkit/elements.hpp"
#include "plugins/tts/tts.hpp"
#include "plugins/turn/turn.hpp"
#include "plugins/vad/vad.hpp"

#define PACKAGE "parley"

namespace {

struct Entry {
  const char* name;
  GType (*type)();
};

constexpr Entry elements[] = {
    {"parleystt", parley::stt_type},
    {"parleyingress", parley::rtp::ingress_type},
    {"parleyegress", parley::rtp::egress_type},
    {"parleyrecord", parley::record::element_type},
    {"parleytts", parley::tts::element_type},
    {"parleyvad", parley::vad_type},
    {"parleyturn", parley::turn::element_type},
    {"parleycaller", parley::testkit::caller_type},
    {"parleynetsim", parley::testkit::netsim_type},
    {"parleyassert", parley::testkit::assert_type},
};

gboolean plugin_init(GstPlugin* plugin) {
  for (const auto& e : elements)
    if (!gst_element_register(plugin, e.name, GST_RANK_NONE, e.type())) return FALSE;
  return TRUE;
}

}  // namespace

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, parley, "Elements of a voice call",
                  plugin_init, "0.1.0", "Apache 2.0", PACKAGE, "https://example.org/parley")
