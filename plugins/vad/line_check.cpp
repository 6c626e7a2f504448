#include "plugins/vad/line_check.hpp"

#include <string_view>

#include "plugins/gstpp/ptr.hpp"

namespace parley {
namespace {

constexpr int longest_chain = 100;

// The peer of `pad`, through the walls of bins.
gst::Ref<GstPad> real_peer(GstPad* pad) {
  auto peer = gst::adopt(gst_pad_get_peer(pad));
  while (peer && GST_IS_PROXY_PAD(peer.get())) {
    const auto inside =
        gst::adopt(GST_PAD_CAST(gst_proxy_pad_get_internal(GST_PROXY_PAD(peer.get()))));
    peer = inside ? gst::adopt(gst_pad_get_peer(inside.get())) : gst::Ref<GstPad>();
  }
  return peer;
}

std::string_view factory_name(GstElement* element) {
  const auto* factory = gst_element_get_factory(element);
  return factory ? GST_OBJECT_NAME(factory) : "";
}

bool splits(std::string_view name) {
  return name == "queue" || name == "queue2" || name == "multiqueue";
}

}  // namespace

std::string queue_in_line(GstPad* src) {
  std::string queue;
  auto pad = gst::retain(src);
  for (int i = 0; pad && i < longest_chain; ++i) {
    const auto peer = real_peer(pad.get());
    const auto element = gst::adopt(peer ? gst_pad_get_parent_element(peer.get()) : nullptr);
    if (!element) return {};
    const auto name = factory_name(element.get());
    if (name.starts_with("parley") && !queue.empty()) return queue;
    if (splits(name)) queue = name;
    pad = gst::adopt(gst_element_get_static_pad(element.get(), "src"));
  }
  return {};
}

}  // namespace parley
