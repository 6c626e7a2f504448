#include "plugins/tts/level.hpp"

#include <speex/speex_resampler.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/base/assert.hpp"

namespace parley::tts {
namespace {

constexpr double loudest = 31000;  // what a peak may reach
constexpr double most_gain = 16;   // whispers stay whispers
constexpr double quiet_rms = 100;  // flite's own noise where it says nothing has 60
constexpr double quiet_share = 0.02;
constexpr int resampler_quality = 5;

double power(std::span<const std::int16_t> frame) {
  double sum = 0;
  for (const auto s : frame) sum += double(s) * s;
  return frame.empty() ? 0 : sum / double(frame.size());
}

std::vector<double> powers(std::span<const std::int16_t> samples, std::size_t frame) {
  std::vector<double> all;
  for (std::size_t i = 0; i < samples.size(); i += frame)
    all.push_back(power(samples.subspan(i, std::min(frame, samples.size() - i))));
  return all;
}

}  // namespace

std::size_t leading_silence(std::span<const std::int16_t> samples, unsigned rate) {
  const std::size_t frame = rate / 200, lead = rate * 3 / 100;
  const auto all = powers(samples, frame);
  if (all.empty()) return 0;
  const double threshold =
      std::max(quiet_rms, quiet_share * std::sqrt(*std::ranges::max_element(all)));
  const auto first = std::ranges::find_if(all, [&](double p) { return p > threshold * threshold; });
  if (first == all.end()) return samples.size();
  const auto start = std::size_t(first - all.begin()) * frame;
  return start > lead ? start - lead : 0;
}

double active_dbfs(std::span<const std::int16_t> samples, unsigned rate) {
  const auto all = powers(samples, rate / 50);
  const double top = all.empty() ? 0 : *std::ranges::max_element(all);
  double sum = 0;
  std::size_t count = 0;
  for (const double p : all)
    if (p > top / 1000) sum += p, ++count;
  if (sum == 0) return -100;
  return 10 * std::log10(sum / double(count) / (32768.0 * 32768.0));
}

void set_level(std::vector<std::int16_t>& samples, unsigned rate) {
  double peak = 0;
  for (const auto s : samples) peak = std::max(peak, std::abs(double(s)));
  if (peak == 0) return;
  const double wanted = std::pow(10, (speech_dbfs - active_dbfs(samples, rate)) / 20);
  const double gain = std::min({wanted, most_gain, loudest / peak});
  for (auto& s : samples) s = std::int16_t(std::lround(s * gain));
}

std::vector<std::int16_t> halve_rate(std::span<const std::int16_t> samples) {
  int error = 0;
  const std::unique_ptr<SpeexResamplerState, decltype(&speex_resampler_destroy)> state(
      speex_resampler_init(1, 16000, 8000, resampler_quality, &error), speex_resampler_destroy);
  PARLEY_ASSERT(state && error == RESAMPLER_ERR_SUCCESS);
  speex_resampler_skip_zeros(state.get());
  const std::vector<std::int16_t> tail(std::size_t(speex_resampler_get_input_latency(state.get())) +
                                       2);
  std::vector<std::int16_t> out((samples.size() + 1) / 2);
  std::size_t made = 0;
  for (const auto part : {samples, std::span<const std::int16_t>(tail)}) {
    for (std::size_t used = 0; used < part.size() && made < out.size();) {
      auto in = spx_uint32_t(part.size() - used), room = spx_uint32_t(out.size() - made);
      speex_resampler_process_int(state.get(), 0, part.data() + used, &in, out.data() + made,
                                  &room);
      if (in == 0 && room == 0) break;
      used += in;
      made += room;
    }
  }
  return out;
}

}  // namespace parley::tts
