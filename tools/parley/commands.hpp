// commands: what `parley` does, one function a command.
//
// Answers go to `out`: lines for people, or JSON. Exit codes: 0 done, 1 refused by parleyd, 2 wrong
// usage, 3 not reached.
//
// Threads: one.
#pragma once

#include <cstdio>
#include <string>

namespace parley::cli {

constexpr int done = 0, refused = 1, wrong_usage = 2, not_reached = 3;

struct Options {
  std::string url = "http://127.0.0.1:8000";
  bool json = false;
  int patience_s = 5;
  std::FILE* out = stdout;
  std::FILE* err = stderr;
};

struct List {
  std::string call{};  // one call with its transcript; empty: the list
  std::string state{}, cursor{};
  int limit = 50;
};

struct Watch {
  std::string call{};  // empty: all
  bool until_ended = false;
  bool everything = false;  // also partials, speech starts and the like
};

int status(const Options& options);
int calls(const Options& options, const List& list);
int watch(const Options& options, const Watch& watch);
int dial(const Options& options, const std::string& to, const std::string& agent);
int say(const Options& options, const std::string& call, const std::string& text);
int hold(const Options& options, const std::string& call, bool on);
int pause_recording(const Options& options, const std::string& call, bool on);
int hang_up(const Options& options, const std::string& call);

}  // namespace parley::cli
