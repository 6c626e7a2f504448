#include "plugins/rtp/sounds.hpp"

#include <fmt/format.h>
#include <sndfile.h>
#include <speex/speex_resampler.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numbers>
#include <tuple>

#include "engine/base/guarded.hpp"

namespace parley {
namespace {

constexpr unsigned blend_ms = 50;
constexpr int quality = 7;  // of speexdsp's resampler, 0 to 10

using Samples = std::vector<std::int16_t>;
using Key = std::tuple<std::string, unsigned, bool>;

struct Read {
  Samples samples{};
  unsigned rate = 0;
};

Result<Read> read_file(const std::string& path) {
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> file(sf_open(path.c_str(), SFM_READ, &info),
                                                         sf_close);
  if (!file) return Error{fmt::format("{}: {}", path, sf_strerror(nullptr))};
  if (info.samplerate < 4000 || info.channels < 1)
    return Error{fmt::format("{}: {} Hz, {} channels: this cannot be played", path, info.samplerate,
                             info.channels)};
  if (info.frames > sf_count_t(longest_sound_s) * info.samplerate)
    return Error{fmt::format("{}: is longer than {} s", path, longest_sound_s)};
  const auto channels = std::size_t(info.channels);
  Read all{.rate = unsigned(info.samplerate)};
  Samples part(4096 * channels);
  while (const auto n = sf_readf_short(file.get(), part.data(), 4096))
    for (std::size_t i = 0; i < std::size_t(n); ++i) {
      int sum = 0;
      for (std::size_t c = 0; c < channels; ++c) sum += part[i * channels + c];
      all.samples.push_back(std::int16_t(sum / int(channels)));
    }
  if (all.samples.empty()) return Error{fmt::format("{}: there is no sound in it", path)};
  return all;
}

Read hold_signal() {
  constexpr unsigned rate = 16000;
  constexpr auto note = std::size_t(rate * 2 / 5), whole = std::size_t(rate * 4);
  constexpr double loudest = 3000;
  Read all{.samples = Samples(whole), .rate = rate};
  std::size_t at = rate / 10;  // behind the blended seam
  for (const double hz : {523.25, 659.26})
    for (std::size_t i = 0; i < note; ++i) {
      const double swell = std::sin(std::numbers::pi * double(i) / double(note));
      const double wave = std::sin(2 * std::numbers::pi * hz * double(i) / rate);
      all.samples[at++] = std::int16_t(std::lround(loudest * swell * swell * wave));
    }
  return all;
}

Samples resampled(const Read& in, unsigned rate) {
  if (in.rate == rate) return in.samples;
  const std::unique_ptr<SpeexResamplerState, void (*)(SpeexResamplerState*)> resampler(
      speex_resampler_init(1, in.rate, rate, quality, nullptr), speex_resampler_destroy);
  speex_resampler_skip_zeros(resampler.get());
  auto from_all = in.samples;  // and silence that pushes the end of it out
  from_all.resize(from_all.size() +
                  std::size_t(speex_resampler_get_input_latency(resampler.get())));
  Samples out((in.samples.size() * rate + in.rate - 1) / in.rate);
  std::size_t taken = 0, made = 0;
  while (taken < from_all.size() && made < out.size()) {
    auto from = spx_uint32_t(std::min<std::size_t>(from_all.size() - taken, 1 << 16));
    auto to = spx_uint32_t(std::min<std::size_t>(out.size() - made, 1 << 16));
    speex_resampler_process_int(resampler.get(), 0, from_all.data() + taken, &from,
                                out.data() + made, &to);
    if (from == 0 && to == 0) break;
    taken += from;
    made += to;
  }
  out.resize(made);
  return out;
}

}  // namespace

Result<SoundRef> load_sound(const WantedSound& wanted) {
  static Guarded<std::map<Key, std::weak_ptr<const Samples>>> known;
  const Key key{wanted.path, wanted.rate, wanted.loop};
  if (auto sound = known.with([&](auto& all) { return all[key].lock(); })) return SoundRef(sound);
  auto read = wanted.path.empty() ? Result<Read>(hold_signal()) : read_file(wanted.path);
  if (!read) return Error{read.error()};
  auto samples = resampled(*read, wanted.rate);
  if (wanted.loop) samples = make_loop(std::move(samples), wanted.rate * blend_ms / 1000);
  auto sound = std::make_shared<const Samples>(std::move(samples));
  known.with([&](auto& all) {
    std::erase_if(all, [](const auto& one) { return one.second.expired(); });
    all[key] = sound;
  });
  return SoundRef(std::move(sound));
}

}  // namespace parley
