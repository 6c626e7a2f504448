#include "engine/base/real_loop.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <future>
#include <iterator>

#include "engine/base/assert.hpp"
#include "engine/base/scheduling.hpp"

namespace parley {
namespace {

constexpr std::size_t mailbox_capacity = 65536;
constexpr Nanos longest_wait = 1s;
constexpr Nanos longest_turn = 1ms;  // of posted tasks, before sockets are looked at again

Nanos monotonic() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Nanos(std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec);
}

}  // namespace

std::shared_ptr<RealLoop> RealLoop::make(std::string name) {
  return std::shared_ptr<RealLoop>(new RealLoop(std::move(name)));
}

RealLoop::RealLoop(std::string name)
    : name_(std::move(name)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      mailbox_(mailbox_capacity, [this] { wake(); }) {
  PARLEY_ASSERT(epoll_ >= 0 && wake_fd_ >= 0);
  epoll_event e{.events = EPOLLIN, .data = {.fd = wake_fd_}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_fd_, &e);
}

RealLoop::~RealLoop() {
  stop();
  close(wake_fd_);
  close(epoll_);
}

void RealLoop::start(bool real_time) {
  std::promise<const char*> granted;
  auto scheduling = granted.get_future();
  thread_ =
      std::jthread([this, real_time, granted = std::move(granted)](std::stop_token stop) mutable {
        granted.set_value(real_time ? ask_for_real_time() : "normal");
        run(stop);
      });
  scheduling_ = scheduling.get();
  pthread_setname_np(thread_.native_handle(), name_.substr(0, 15).c_str());
}

void RealLoop::stop() {
  if (thread_.joinable()) {
    thread_.request_stop();
    wake();
    thread_.join();
  }
  // Destroyed outside the containers: a task may own what posts or cancels in its destructor.
  auto posted = mailbox_.take_now();
  auto results = results_.with([](auto& r) { return std::exchange(r, {}); });
  Gate gate(*this);
  const auto backlog = std::exchange(backlog_, {});
  const auto timers = std::exchange(timers_, {});
  const auto watched = std::exchange(watched_, {}), retired = std::exchange(retired_, {});
}

Nanos RealLoop::now() const { return monotonic(); }

std::int64_t RealLoop::utc_us() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool RealLoop::post(Task task) { return mailbox_.offer(std::move(task)); }

void RealLoop::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
}

void RealLoop::deliver(Task result) {
  const bool first = results_.with([&](auto& r) {
    r.push_back(std::move(result));
    return r.size() == 1;
  });
  if (first) wake();
}

bool RealLoop::submit_job(const Submit& submit, Nanos, std::function<Task()> work) {
  return submit([weak = weak_from_this(), work = std::move(work)] {
    auto task = work();
    if (auto loop = std::static_pointer_cast<RealLoop>(weak.lock()); loop && task)
      loop->deliver(std::move(task));
  });
}

void RealLoop::timer_added(Nanos) {
  if (std::this_thread::get_id() != thread_id_.load(std::memory_order_relaxed)) wake();
}

void RealLoop::watch(int fd, Task readable) {
  assert_here();
  if (watched_.size() <= std::size_t(fd)) watched_.resize(std::size_t(fd) + 1);
  watched_[std::size_t(fd)] = std::make_unique<Task>(std::move(readable));
  epoll_event e{.events = EPOLLIN, .data = {.fd = fd}};
  const int failed = epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e);
  PARLEY_ASSERT(failed == 0);
}

void RealLoop::unwatch(int fd) {
  assert_here();
  if (std::size_t(fd) >= watched_.size() || !watched_[std::size_t(fd)]) return;
  retired_.push_back(std::move(watched_[std::size_t(fd)]));
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

void RealLoop::run(std::stop_token stop) {
  thread_id_ = std::this_thread::get_id();
  flush_denormals();
  while (!stop.stop_requested()) {
    const bool ticking = pace_.ticking();
    if (ticking) sleep_to_the_next_tick();
    wait_and_read(ticking || !backlog_.empty() ? Nanos(0) : until_the_next_timer());
    Gate gate(*this);
    std::ranges::move(mailbox_.take_now(), std::back_inserter(backlog_));
    std::ranges::move(results_.with([](auto& r) { return std::exchange(r, {}); }),
                      std::back_inserter(backlog_));
    run_backlog();
    run_timers();
    const auto retired = std::exchange(retired_, {});  // a task may own what unwatches
    pace_.count(std::exchange(events_, 0), now());
  }
}

Nanos RealLoop::until_the_next_timer() {
  Gate gate(*this);
  const auto next = timers_.next();
  return next ? std::clamp(*next - now(), Nanos(0), longest_wait) : longest_wait;
}

void RealLoop::sleep_to_the_next_tick() const {
  const Nanos tick = Pace::slot(now() + Nanos(1));
  const timespec until{.tv_sec = tick / 1s, .tv_nsec = (tick % 1s).count()};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

void RealLoop::wait_and_read(Nanos wait) {
  std::array<epoll_event, 256> events;
  for (bool full = true; full; wait = {}) {
    const timespec timeout{.tv_sec = wait / 1s, .tv_nsec = (wait % 1s).count()};
    const int n = epoll_pwait2(epoll_, events.data(), int(events.size()), &timeout, nullptr);
    full = pace_.ticking() && n == int(events.size());
    Gate gate(*this);
    for (int i = 0; i < n; ++i) read_from(events[std::size_t(i)].data.fd);
  }
}

void RealLoop::read_from(int fd) {
  ++events_;
  if (fd == wake_fd_) {
    std::uint64_t count;
    [[maybe_unused]] const auto got = read(wake_fd_, &count, sizeof count);
  } else if (const auto& readable = watched_[std::size_t(fd)]) {
    run_one(*readable);
  }
}

// What was posted, for as long as the sockets may wait: a burst of new calls must not make those
// that live deaf.
void RealLoop::run_backlog() {
  const Nanos until = now() + longest_turn;
  while (!backlog_.empty() && now() < until) {
    const auto task = std::move(backlog_.front());
    backlog_.pop_front();
    run_one(task);
  }
}

// A burst of packets or of new calls must not hold up the grid.
void RealLoop::run_one(const Task& task) {
  task();
  run_timers();
}

void RealLoop::run_timers() {
  const Nanos t = now();
  while (const auto timer = timers_.take(t)) {
    const Nanos due = pace_.ticking() ? Pace::slot(timer->when) : timer->when;
    lateness_.add(t - due);
    recent_.add(t - due, t);
    ++events_;
    timer->task();
  }
}

}  // namespace parley
