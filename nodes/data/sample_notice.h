// What a user is told where the built-in pictures stand in for the default data set.
#pragma once

#include <array>
#include <string>

namespace flowtrain {

// A sentence each: what is missing (`why`), what the run trains on instead, and what to do. `sample`
// says what is known of the pictures, and `if_missing` is the name of the option that forbids this.
inline std::array<std::string, 3> SampleNotice(const std::string& why, const std::string& sample,
                                               const std::string& if_missing) {
  return {"the data set is not there: " + why,
          "THIS RUN TRAINS ON THE BUILT-IN SAMPLE SET: " + sample,
          "To train on STL-10 (2.6 GB), download it: flowtrain fetch stl10. On your own images: "
          "--set data.kind=folder --set data.root=DIR. To stop here instead, set " +
              if_missing + "=error."};
}

}  // namespace flowtrain
