// plugin: registers the GStreamer plugin "parley" when it is linked into a program.
#pragma once

extern "C" void gst_plugin_parley_register();
