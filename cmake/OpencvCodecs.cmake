# Finds what the codec plug-in needs of OpenCV and, if that is there, defines flowtrain::opencv_codecs. Does not use
# find_package: Debian keeps OpenCV's CMake files in libopencv-dev, which brings 421 packages (1.1 GB), while the three
# libraries' own -dev packages bring 180 (0.5 GB).
find_path(FLOWTRAIN_OPENCV_INCLUDE opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4)
set(libraries "")
foreach(module imgcodecs imgproc core)
  find_library(FLOWTRAIN_OPENCV_${module} opencv_${module})
  mark_as_advanced(FLOWTRAIN_OPENCV_${module})
  list(APPEND libraries "${FLOWTRAIN_OPENCV_${module}}")
endforeach()
mark_as_advanced(FLOWTRAIN_OPENCV_INCLUDE)

if(FLOWTRAIN_OPENCV_INCLUDE AND NOT "${libraries}" MATCHES "NOTFOUND")
  add_library(flowtrain::opencv_codecs INTERFACE IMPORTED)
  target_include_directories(flowtrain::opencv_codecs SYSTEM INTERFACE "${FLOWTRAIN_OPENCV_INCLUDE}")
  target_link_libraries(flowtrain::opencv_codecs INTERFACE ${libraries})
else()
  message(STATUS "OpenCV's imgcodecs was not found: only JPEG and PNG files can be read "
                 "(Debian, Ubuntu: libopencv-imgcodecs-dev)")
endif()
