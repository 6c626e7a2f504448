// stock_graph: the anchor of the density bench: N calls of the stock GStreamer graph, a thread for
// each queue and socket, as anybody would build it from the standard elements.
//
//   stock_graph FIRST_IN OUT_PORT...   call i listens on FIRST_IN + i and sends to the i-th
//   OUT_PORT
//
// Prints "ready" and ends when its standard input does.
#include <gst/gst.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: stock_graph FIRST_IN OUT_PORT...\n");
    return 2;
  }
  gst_init(nullptr, nullptr);
  const int first_in = std::atoi(argv[1]);
  std::vector<GstElement*> calls;
  for (int i = 2; i < argc; ++i) {
    const auto line =
        "udpsrc address=127.0.0.1 port=" + std::to_string(first_in + i - 2) +
        " caps=application/x-rtp,media=audio,clock-rate=8000,encoding-name=PCMU,payload=0"
        " ! rtpjitterbuffer latency=40 ! rtppcmudepay ! mulawdec ! mulawenc ! rtppcmupay"
        " ! udpsink host=127.0.0.1 port=" +
        argv[i] + " sync=true async=false";
    GError* error = nullptr;
    auto* call = gst_parse_launch(line.c_str(), &error);
    if (error) {
      std::fprintf(stderr, "stock_graph: %s\n", error->message);
      return 1;
    }
    gst_element_set_state(call, GST_STATE_PLAYING);
    calls.push_back(call);
  }
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  for (auto* call : calls) gst_element_set_state(call, GST_STATE_NULL);
  for (auto* call : calls) gst_object_unref(call);
  return 0;
}
