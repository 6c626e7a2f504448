// The entry of every test program: GStreamer and our plugin are there before the first test runs.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <gst/gst.h>

#include "plugins/plugin.hpp"

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  gst_plugin_parley_register();
  return doctest::Context(argc, argv).run();
}
