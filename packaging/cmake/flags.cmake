# SPDX-License-Identifier: Apache-2.0
# Compiler flags and system libraries, in one place.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Debug)
endif()

add_compile_definitions(_GNU_SOURCE OPENSSL_API_COMPAT=30000 OPENSSL_NO_DEPRECATED KMS_VERSION="${PROJECT_VERSION}")
add_compile_options(
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wswitch-enum
  -Wundef -Wformat=2 -Wno-unused-parameter -fno-strict-aliasing -fno-common)
# No path of the building machine in binaries and logs: sources are named from the root of the repository.
if(NOT KMS_COVERAGE)
  add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -ffile-prefix-map=${PROJECT_BINARY_DIR}=.)
endif()
if(KMS_WERROR)
  add_compile_options(-Werror)
endif()

set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG")
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT KMS_SANITIZE)
  add_compile_definitions(_FORTIFY_SOURCE=2)
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero)
  add_link_options(-Wl,-z,relro -Wl,-z,now)
endif()

if(KMS_SANITIZE)
  add_compile_options(-fsanitize=${KMS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KMS_SANITIZE})
endif()
if(KMS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
if(KMS_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
if(KMS_CTIME)
  add_compile_definitions(KMS_CTIME)
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
# Checked here, all at once, so that a missing package is one clear error.
pkg_check_modules(KMS_SYSTEM REQUIRED IMPORTED_TARGET
  openssl>=3.0 libsecp256k1 libsodium libcjson libuv sqlite3 libnghttp2 libprotobuf-c libconfuse libseccomp libcurl p11-kit-1)
find_library(HTTP_PARSER_LIBRARY http_parser REQUIRED)

# What programs and tests link. The module links static OpenSSL instead: pkcs11/CMakeLists.txt.
add_library(kms_system INTERFACE)
target_link_libraries(kms_system INTERFACE PkgConfig::KMS_SYSTEM ${HTTP_PARSER_LIBRARY} Threads::Threads m ${CMAKE_DL_LIBS})
include_directories(${PROJECT_SOURCE_DIR})
include_directories(SYSTEM ${KMS_SYSTEM_INCLUDE_DIRS})
