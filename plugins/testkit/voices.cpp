#include "plugins/testkit/voices.hpp"

#include <fcntl.h>
#include <flite/flite.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "plugins/testkit/ear.hpp"
#include "plugins/testkit/wav.hpp"

extern "C" {
cst_voice* register_cmu_us_kal(const char* path);
cst_voice* register_cmu_us_kal16(const char* path);
cst_voice* register_cmu_us_rms(const char* path);
cst_voice* register_cmu_us_slt(const char* path);
cst_voice* register_cmu_us_awb(const char* path);
}

extern char** environ;

namespace parley::caller {
namespace {

constexpr std::size_t frame_samples = 160;
constexpr std::size_t max_program_bytes = 16u << 20;
constexpr int program_deadline_ms = 15'000;

struct FliteVoice {
  const char* name;
  cst_voice* (*make)(const char*);
};
constexpr std::array<FliteVoice, 5> flite_voices{{{"rms", register_cmu_us_rms},
                                                  {"slt", register_cmu_us_slt},
                                                  {"awb", register_cmu_us_awb},
                                                  {"kal", register_cmu_us_kal},
                                                  {"kal16", register_cmu_us_kal16}}};

Result<Wav> say_flite(const FliteVoice& voice, const std::string& text) {
  static const int initialised = flite_init();
  (void)initialised;
  std::srand(1);  // rms, slt and awb take their noise from rand(): the same words, the same samples
  cst_wave* wave = flite_text_to_wave(text.c_str(), voice.make(nullptr));
  if (!wave) return Error{fmt::format("flite's voice {} said nothing", voice.name)};
  Wav wav{.rate = static_cast<unsigned>(wave->sample_rate),
          .channels = static_cast<unsigned>(std::max(1, wave->num_channels))};
  wav.samples.assign(wave->samples,
                     wave->samples + std::ptrdiff_t(wave->num_samples) * int(wav.channels));
  delete_wave(wave);
  return wav;
}

// Reads until the other end closes; false: too much or too late.
bool read_all(int fd, std::string& out) {
  using Clock = std::chrono::steady_clock;  // a program's deadline, not a call's time
  const auto deadline = Clock::now() + std::chrono::milliseconds(program_deadline_ms);
  std::array<char, 65536> block{};
  while (out.size() < max_program_bytes) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
    if (left <= 0 || poll(&wait, 1, int(left)) <= 0) return false;
    const auto count = read(fd, block.data(), block.size());
    if (count < 0) return false;
    if (count == 0) return true;
    out.append(block.data(), static_cast<std::size_t>(count));
  }
  return false;
}

Result<Wav> say_espeak(const std::string& voice, const std::string& text) {
  std::array<int, 2> pipe_fds{};
  if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0)
    return Error{fmt::format("no pipe: {}", std::strerror(errno))};
  std::vector<std::string> words{"espeak-ng", "-v", voice, "--stdout", "--", text};
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, "espeak-ng", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_fds[1]);
  if (error != 0) {
    close(pipe_fds[0]);
    return Error{fmt::format("espeak-ng cannot be started ({}); install the package espeak-ng",
                             std::strerror(error))};
  }
  std::string bytes;
  const bool whole = read_all(pipe_fds[0], bytes);
  close(pipe_fds[0]);
  if (!whole) kill(pid, SIGKILL);
  int status = 0;
  waitpid(pid, &status, 0);
  if (!whole || status != 0)
    return Error{fmt::format("espeak-ng failed with the voice '{}'", voice)};
  return parse_wav(bytes);
}

Result<Wav> synthesise(const std::string& voice, const std::string& text) {
  constexpr std::string_view espeak = "espeak:";
  if (voice.starts_with(espeak)) return say_espeak(voice.substr(espeak.size()), text);
  for (const auto& known : flite_voices) {
    if (voice == known.name) return say_flite(known, text);
  }
  return Error{fmt::format("there is no voice '{}' ({})", voice, Voices::known())};
}

}  // namespace

Sound tidy(Sound sound) {
  std::size_t first = sound.size(), last = 0;
  double power = 0;
  std::size_t voiced = 0;
  for (std::size_t at = 0; at < sound.size(); at += frame_samples) {
    const std::span frame(sound.data() + at, std::min(frame_samples, sound.size() - at));
    const double level = rms(frame);
    if (level < voiced_rms) continue;
    first = std::min(first, at);
    last = at + frame.size();
    power += level * level;
    ++voiced;
  }
  if (voiced == 0) return {};
  const std::size_t margin = 2 * frame_samples;
  first = first > margin ? first - margin : 0;
  last = std::min(last + margin, sound.size());
  const double gain = speech_rms / std::sqrt(power / double(voiced));
  Sound out(sound.begin() + std::ptrdiff_t(first), sound.begin() + std::ptrdiff_t(last));
  for (auto& sample : out) {
    sample = static_cast<std::int16_t>(std::clamp(std::lround(sample * gain), -32'768L, 32'767L));
  }
  return out;
}

Result<Sound> Voices::say(const std::string& voice, const std::string& text) {
  const auto key = std::pair(voice, text);
  if (const auto kept = kept_.find(key); kept != kept_.end()) return kept->second;
  auto wav = synthesise(voice, text);
  if (!wav) return Error{wav.error()};
  auto sound = tidy(to_line(*wav));
  if (sound.empty()) return Error{fmt::format("the voice '{}' made no sound of the text", voice)};
  if (kept_.size() == most_lines) kept_.clear();
  return kept_[key] = std::move(sound);
}

std::string Voices::known() {
  std::string names;
  for (const auto& voice : flite_voices) names += fmt::format("{}, ", voice.name);
  return names + "espeak:NAME";
}

}  // namespace parley::caller
