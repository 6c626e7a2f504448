#include "plugins/providers/sphinx_dictionary.hpp"

#include <array>
#include <fstream>
#include <iterator>

namespace parley::sphinx {
namespace {

constexpr auto never_said = "ZH ZH OY ZH ZH OY ZH ZH";
constexpr std::array digits = {"zero", "one", "two",   "three", "four",
                               "five", "six", "seven", "eight", "nine"};

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// "read(2) R EH D" -> "read"
std::string_view word_of(std::string_view line) {
  const auto word = line.substr(0, line.find(' '));
  return word.substr(0, word.find('(', 1));
}

}  // namespace

const Dictionary& Dictionary::shared() {
  static const Dictionary one(read_all(PARLEY_SPHINX_MODELS "/en-us/cmudict-en-us.dict"));
  return one;
}

Dictionary::Dictionary(std::string text) : text_(std::move(text)) {
  lines_.reserve(text_.size() / 24);
  const std::string_view all = text_;
  for (std::size_t at = 0; at < all.size();) {
    const auto end = std::min(all.find('\n', at), all.size());
    const auto line = all.substr(at, end - at);
    if (line.find(' ') != line.npos) lines_[word_of(line)].push_back(line);
    at = end + 1;
  }
}

std::string Dictionary::excerpt(std::span<const std::string> words) const {
  std::string out;
  for (const auto& word : words) {
    const auto found = lines_.find(word);
    if (found == lines_.end())
      out += word + " " + never_said + "\n";
    else
      for (const auto line : found->second) (out += line) += '\n';
  }
  return out;
}

std::string spoken_form(std::string_view text) {
  std::string out;
  const auto space = [&] {
    if (!out.empty() && out.back() != ' ') out += ' ';
  };
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') {
      out += char(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || c == '\'') {
      out += c;
    } else if (c >= '0' && c <= '9') {
      space();
      out += digits[std::size_t(c - '0')];
      space();
    } else {
      space();
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    if (end > at) all.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

}  // namespace parley::sphinx
