#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/store/support.hpp"

namespace parley::test {

std::unique_ptr<store::Store> opened(const store::StoreOptions& options) {
  auto store = store::Store::open(options);
  if (!store) FAIL(store.error());
  return std::move(*store);
}

std::string refused(const store::StoreOptions& options) {
  const auto store = store::Store::open(options);
  return store ? "" : store.error();
}

VirtualStore::VirtualStore(store::StoreOptions options) : store(opened(options)) {
  store->follow(hub, loop);
}

Child::Child(const std::string& test_case, const std::map<std::string, std::string>& environment) {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  output = ends[0];

  std::vector<std::string> settings;
  for (const auto& [name, value] : environment) settings.push_back(name + "=" + value);
  std::vector<char*> env;
  for (char** e = environ; *e; ++e) env.push_back(*e);
  for (auto& s : settings) env.push_back(s.data());
  env.push_back(nullptr);

  std::string program = "/proc/self/exe", only = "--test-case=" + test_case, all = "--no-skip";
  char* arguments[] = {program.data(), only.data(), all.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
  REQUIRE(posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, env.data()) == 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
}

Child::~Child() {
  if (pid > 0) kill(), wait();
  ::close(output);
}

std::string Child::read_line() {
  for (;;) {
    if (const auto end = read_.find('\n'); end != std::string::npos) {
      auto line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    char some[4096];
    const auto size = ::read(output, some, sizeof some);
    if (size <= 0) return {};
    read_.append(some, std::size_t(size));
  }
}

void Child::kill() { ::kill(pid, SIGKILL); }

int Child::wait() {
  int status = 0;
  waitpid(std::exchange(pid, -1), &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace parley::test
