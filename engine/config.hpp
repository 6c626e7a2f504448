// config: what parley.toml says, with a default for every key.
//
// The table of keys is in config_keys.cpp: reading, checking, schema/config.json and the page about
// the keys all come from it, so a new key is a member here and a line there. Every mistake of a
// file is told at once, each with its line. PARLEY_SIP_LISTEN in the environment is `[sip] listen`,
// and so on for every key. Relative paths are meant from the file's folder, without a file from the
// current one; what comes out is absolute.
//
// Threads: the caller's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.hpp"

namespace parley {

struct Config {
  struct Sip {
    std::string listen = "127.0.0.1:5060";
    std::vector<std::string> dial_hosts{"127.0.0.1"};
    std::string srtp = "optional";
    std::vector<std::string> codecs{"opus", "G722", "PCMU", "PCMA"};  // the best first
    std::int64_t max_calls = 500;
    std::int64_t ring_timeout = 60;  // seconds
    bool operator==(const Sip&) const = default;
  } sip{};

  struct Control {
    std::string listen = "127.0.0.1:8000";
    std::vector<std::string> hosts{};
    std::vector<std::string> origins{};
    bool insecure = false;
    bool operator==(const Control&) const = default;
  } control{};

  struct Store {
    std::string url = "sqlite:parley.db";
    bool operator==(const Store&) const = default;
  } store{};

  struct Media {
    std::string address{};  // empty: that of [sip] listen
    std::string ports = "20000-29999";
    std::int64_t loops = 0;     // 0: one a core
    std::int64_t timeout = 30;  // seconds
    bool realtime = true;
    bool dtx = false;
    std::string pipeline = "pipelines/call.launch";

    std::uint16_t first_port() const;
    std::uint16_t last_port() const;
    bool operator==(const Media&) const = default;
  } media{};

  struct MediaStreams {
    std::string twilio_token_env{};
    std::string telnyx_token_env{};
    std::string public_url{};
    bool operator==(const MediaStreams&) const = default;
  } media_streams{};

  struct Speech {
    std::string stt = "pocketsphinx";
    std::string tts = "flite";
    bool operator==(const Speech&) const = default;
  } speech{};

  struct Llm {
    std::string url{};
    std::string model{};
    std::string key_env{};
    bool operator==(const Llm&) const = default;
  } llm{};

  struct Agents {
    std::string path = "pipelines/agents";
    std::string default_agent = "reception";
    bool operator==(const Agents&) const = default;
  } agents{};

  struct Call {
    std::int64_t max_duration = 3600;  // seconds
    std::int64_t max_hold = 600;       // seconds
    std::int64_t max_lateness = 20;    // milliseconds
    bool operator==(const Call&) const = default;
  } call{};

  struct Recording {
    std::string path{};  // empty: calls are not recorded
    std::string format = "wav";
    std::int64_t retain_days = 0;  // 0: for ever
    std::int64_t retain_gb = 0;    // 0: as many as there are
    bool operator==(const Recording&) const = default;
  } recording{};

  struct Log {
    std::string level = "info";
    std::string format = "text";
    bool operator==(const Log&) const = default;
  } log{};

  bool operator==(const Config&) const = default;
};

using Environment = std::map<std::string, std::string>;
Environment process_environment();

// The error is a line per mistake: "parley.toml:3: [sip] lisen: no such key; did you mean listen?".
Result<Config> load_config(const std::optional<std::filesystem::path>& file,
                           const Environment& environment);

}  // namespace parley
