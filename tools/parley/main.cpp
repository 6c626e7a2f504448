// parley: the command line: looks at a running parleyd and steers its calls.
//
//   parley status
//   parley dial sip:1000@127.0.0.1:5062
//   parley watch --until-ended
//
// Threads: one.

#include <CLI/CLI.hpp>

#include "tools/parley/commands.hpp"

using namespace parley::cli;

int main(int argc, char** argv) {
  Options options;
  List list;
  Watch watched;
  std::string call, to, agent, text;

  CLI::App app{"Looks at a running parleyd and steers its calls.", "parley"};
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--url", options.url, "Where parleyd's control server is")
      ->envname("PARLEY_URL")
      ->capture_default_str();
  app.add_flag("--json", options.json, "Answers as JSON, one a line");
  app.add_option("--patience", options.patience_s, "Seconds to wait for an answer")
      ->check(CLI::Range(1, 300))
      ->capture_default_str();
  app.footer(
      "A call may be named by the end of its id, as tables and lines show it.\n"
      "Exit code: 0 done, 1 refused, 2 wrong usage, 3 parleyd not reached.");

  app.add_subcommand("status", "Is it well, and how many calls there are");
  auto* one = app.add_subcommand("calls", "The calls, newest first; or one with its transcript");
  one->add_option("call", list.call, "A call's id");
  one->add_option("--state", list.state, "Only ringing, live or ended ones")
      ->check(CLI::IsMember({"ringing", "live", "ended"}));
  one->add_option("--limit", list.limit, "How many")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  one->add_option("--cursor", list.cursor, "Goes on where a list ended");
  auto* follow = app.add_subcommand("watch", "Events as they happen, until Ctrl-C");
  follow->add_option("call", watched.call, "A call's id; without it all calls");
  follow->add_flag("--until-ended", watched.until_ended,
                   "Ends when the call (without one: any) has ended");
  follow->add_flag("--all", watched.everything,
                   "Also partial transcripts, speech starts and the like");
  auto* place = app.add_subcommand("dial", "Places a call and prints its id");
  place->add_option("to", to, "A SIP address, sip:USER@HOST:PORT")->required();
  place->add_option("--agent", agent, "Which agent talks; without it the default one");
  auto* speak = app.add_subcommand("say", "Has the agent say something now");
  speak->add_option("call", call, "A call's id")->required();
  speak->add_option("text", text, "What to say")->required();
  auto* hold_it = app.add_subcommand("hold", "Music for the caller; the agent waits");
  auto* take_back = app.add_subcommand("resume", "Ends that: the agent goes on");
  auto* recording = app.add_subcommand("recording", "What is said is recorded, or not");
  recording->require_subcommand(1);
  auto* pause = recording->add_subcommand("pause", "From now on the file has silence");
  auto* again = recording->add_subcommand("resume", "Records again");
  for (auto* one_call : {hold_it, take_back, pause, again})
    one_call->add_option("call", call, "A call's id")->required();
  auto* end = app.add_subcommand("hangup", "Ends a call");
  end->add_option("call", call, "A call's id")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? done : wrong_usage;
  }
  if (one->parsed()) return calls(options, list);
  if (follow->parsed()) return watch(options, watched);
  if (place->parsed()) return dial(options, to, agent);
  if (speak->parsed()) return say(options, call, text);
  if (hold_it->parsed() || take_back->parsed()) return hold(options, call, hold_it->parsed());
  if (recording->parsed()) return pause_recording(options, call, pause->parsed());
  if (end->parsed()) return hang_up(options, call);
  return status(options);
}
