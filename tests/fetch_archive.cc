// Fetches an archive that is described on the command line, for tests/fetch_test.py.
//   fetch_archive URL MD5 BYTES PARENT [FILE BYTES MD5]…
// FILE's MD5 is - where there is none. Exit codes as of flowtrain; prints "fetched" or "there".
#include <cstdlib>
#include <iostream>
#include <string>

#include "pipeline/base/error.h"
#include "tools/fetch/archive.h"
#include "tools/fetch/fetch.h"

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  flowtrain::Archive archive;
  archive.title = "Small";
  archive.command = "flowtrain fetch small";
  archive.url = argv[1];
  archive.md5 = argv[2];
  archive.bytes = std::strtoull(argv[3], nullptr, 10);
  archive.folder = "small_binary";
  for (int i = 5; i + 2 < argc; i += 3) {
    const std::string sum = argv[i + 2];
    archive.files.push_back(
        {argv[i], std::strtoull(argv[i + 1], nullptr, 10), sum == "-" ? "" : sum});
  }
  try {
    std::cout << (flowtrain::Fetch(archive, archive.url, argv[4]) ? "fetched\n" : "there\n");
  } catch (const flowtrain::ConfigError& error) {
    std::cerr << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
