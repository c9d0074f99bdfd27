// What lies where a data set was looked for and is not taken.
#pragma once

#include <string>

#include "nodes/data/folder_list.h"
#include "nodes/data/option_names.h"

namespace flowtrain {

// "80 files not taken: 60 .txt, 20 without an extension"; empty where all files were taken.
std::string DescribeNotTaken(const FolderListing& listing);

// What else in a folder a user should know of, in lines: files not taken, links that lead nowhere
// or to what is taken already.
std::vector<std::string> NotesOn(const FolderListing& listing);

// What lies in a folder that is not the data set it was taken for, and what to do: the setting that
// reads it, where there is one. Begins "; "; empty where nothing is known of it.
std::string AdviceOnFolder(const std::string& root, const FolderListing& listing,
                           const OptionNames& names);
// The same for a folder that is yet to be listed, and for a file. They throw nothing.
std::string AdviceOnFolder(const std::string& root, const OptionNames& names);
std::string AdviceOnFile(const std::string& path, const OptionNames& names);

}  // namespace flowtrain
