#include "tools/report/plot_pictures.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "pipeline/base/error.h"

extern char** environ;

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{60};  // for one picture

// A folder for the browser's profile, so that it does not meet the user's own browser.
class Profile {
 public:
  Profile() {
    std::string name = (fs::temp_directory_path() / "flowtrain-report-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder " + name);
    path_ = name;
  }
  ~Profile() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Each byte that means something in an address as %XX.
std::string FileAddress(const fs::path& file) {
  std::string address = "file://";
  for (const char c : fs::absolute(file).string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '/' || c == '.' || c == '-' || c == '_') {
      address += c;
    } else {
      constexpr char kHex[] = "0123456789ABCDEF";
      address += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return address;
}

// Whether it ended well. Its output goes nowhere.
bool Run(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  // The program blocks the signals that it waits for; a child would keep that.
  posix_spawnattr_t plain;
  posix_spawnattr_init(&plain);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&plain, &none);
  posix_spawnattr_setflags(&plain, POSIX_SPAWN_SETSIGMASK);
  pid_t child = -1;
  const int error = posix_spawn(&child, argv[0], &quiet, &plain, argv.data(), environ);
  posix_spawn_file_actions_destroy(&quiet);
  posix_spawnattr_destroy(&plain);
  if (error != 0) return false;
  int status = 0;
  for (const auto end = std::chrono::steady_clock::now() + kPatience;
       ::waitpid(child, &status, WNOHANG) == 0;) {
    if (std::chrono::steady_clock::now() > end) ::kill(child, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

std::string FindChromium() {
  const char* path = std::getenv("PATH");
  for (const char* name :
       {"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}) {
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
      const std::string program = folder + '/' + name;
      if (::access(program.c_str(), X_OK) == 0) return program;
    }
  }
  return {};
}

std::vector<std::string> DrawPlots(const std::string& page, const std::vector<PlotPicture>& plots,
                                   const std::string& dir) {
  const std::string chromium = FindChromium();
  if (chromium.empty()) {
    throw ConfigError(
        "--png needs Chromium or Chrome, and none is on the PATH. Debian and Ubuntu: apt-get "
        "install "
        "chromium. The page itself needs none");
  }
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) throw ConfigError("--png: cannot make the folder " + dir + ": " + error.message());
  const Profile profile;
  std::vector<std::string> files;
  for (const auto& [plot, height] : plots) {
    const std::string file = (fs::absolute(dir) / (plot + ".png")).string();
    fs::remove(file, error);
    std::vector<std::string> words = {chromium,
                                      "--headless",
                                      "--disable-gpu",
                                      "--hide-scrollbars",
                                      "--force-device-scale-factor=2",
                                      "--window-size=900," + std::to_string(height),
                                      "--user-data-dir=" + profile.path(),
                                      "--screenshot=" + file};
    if (::geteuid() == 0)
      words.emplace_back("--no-sandbox");  // it does not start as root otherwise
    words.push_back(FileAddress(page) + "#plot=" + plot);
    if (!Run(words) || !fs::exists(file, error)) {
      throw std::runtime_error(std::string(chromium)
                                   .append(" did not draw ")
                                   .append(file)
                                   .append("; the page is in ")
                                   .append(page));
    }
    files.push_back((fs::path(dir) / (plot + ".png")).string());
  }
  return files;
}

}  // namespace flowtrain
