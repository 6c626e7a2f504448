#include "plugins/record/sound_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sndfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace parley::record {
namespace {

constexpr double page_ms = 500;  // of an Ogg page: what a kill may cost beyond the last write
constexpr std::int64_t longest_wav = 0xFFF00000;  // sizes in its header have 32 bits

}  // namespace

// The file below libsndfile. Its own so that an error keeps its errno.
struct SoundFile::Io {
  std::string path{};
  int fd = -1;
  SNDFILE* sound = nullptr;
  Format format = Format::wav;
  std::int64_t bytes = 0;
  int error = 0;

  ~Io() {
    if (sound) sf_close(sound);
    if (fd >= 0) close(fd);
  }

  static Io& of(void* me) { return *static_cast<Io*>(me); }
  static sf_count_t size(void* me) {
    const auto at = lseek(of(me).fd, 0, SEEK_CUR);
    const auto end = lseek(of(me).fd, 0, SEEK_END);
    lseek(of(me).fd, at, SEEK_SET);
    return end;
  }
  static sf_count_t seek(sf_count_t offset, int whence, void* me) {
    return lseek(of(me).fd, offset, whence);
  }
  static sf_count_t tell(void* me) { return lseek(of(me).fd, 0, SEEK_CUR); }
  static sf_count_t read(void* to, sf_count_t count, void* me) {
    return ::read(of(me).fd, to, std::size_t(count));
  }
  static sf_count_t write(const void* from, sf_count_t count, void* me) {
    auto& io = of(me);
    const auto* at = static_cast<const char*>(from);
    sf_count_t left = io.error ? 0 : count;
    while (left > 0) {
      const auto n = ::write(io.fd, at, std::size_t(left));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        io.error = n < 0 ? errno : ENOSPC;
        break;
      }
      at += n;
      left -= n;
    }
    return io.error ? count - left : count;
  }
};

Result<Format> format_of(const std::string& name) {
  if (name == "wav") return Format::wav;
  if (name == "opus") return Format::opus;
  return Error{fmt::format("'{}' is no format of a recording; there are wav and opus", name)};
}

Result<std::unique_ptr<SoundFile>> SoundFile::create(const std::string& path, Format format,
                                                     unsigned rate) {
  std::error_code failed;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, failed);
  auto io = std::make_unique<Io>();
  io->path = path;
  io->format = format;
  io->fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (io->fd < 0) return Error{fmt::format("{}: {}", path, std::strerror(errno))};

  SF_INFO info{};
  info.samplerate = int(rate);
  info.channels = 2;
  info.format =
      format == Format::wav ? SF_FORMAT_WAV | SF_FORMAT_PCM_16 : SF_FORMAT_OGG | SF_FORMAT_OPUS;
  SF_VIRTUAL_IO functions{.get_filelen = Io::size,
                          .seek = Io::seek,
                          .read = Io::read,
                          .write = Io::write,
                          .tell = Io::tell};
  io->sound = sf_open_virtual(&functions, SFM_WRITE, &info, io.get());
  if (!io->sound) return Error{fmt::format("{}: {}", path, sf_strerror(nullptr))};
  double latency = page_ms;
  if (format == Format::wav)
    sf_command(io->sound, SFC_SET_UPDATE_HEADER_AUTO, nullptr, SF_TRUE);
  else
    sf_command(io->sound, SFC_SET_OGG_PAGE_LATENCY_MS, &latency, sizeof latency);
  return std::unique_ptr<SoundFile>(new SoundFile(std::move(io)));
}

SoundFile::SoundFile(std::unique_ptr<Io> io) : io_(std::move(io)) {}

SoundFile::~SoundFile() = default;

Status SoundFile::write(std::span<const std::int16_t> samples) {
  auto& io = *io_;
  if (io.format == Format::wav && io.bytes + std::int64_t(samples.size_bytes()) > longest_wav)
    return Error{fmt::format("{}: a WAV file cannot be longer than 4 GB", io.path)};
  const auto frames = sf_count_t(samples.size() / 2);
  const auto written = sf_writef_short(io.sound, samples.data(), frames);
  io.bytes += std::int64_t(samples.size_bytes());
  if (io.error) return Error{fmt::format("{}: {}", io.path, std::strerror(io.error))};
  if (written != frames) return Error{fmt::format("{}: {}", io.path, sf_strerror(io.sound))};
  return ok();
}

Status SoundFile::silence(std::uint64_t frames) {
  const std::vector<std::int16_t> second(2 * std::min<std::uint64_t>(frames, 16000));
  for (; frames > 0 && !second.empty(); frames -= std::min<std::uint64_t>(frames, 16000)) {
    const auto part = std::span(second).first(2 * std::min<std::size_t>(frames, 16000));
    if (auto written = write(part); !written) return written;
  }
  return ok();
}

}  // namespace parley::record
