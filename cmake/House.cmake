# The whole vocabulary of the sub-lists: house_library, house_program, house_test, house_fuzz.
#
#   house_library(base PURE SOURCES err.c buf.c LINKS PkgConfig::JSONC)
#   house_program(mock-maas SOURCES main.c LINKS maas_model io_httpd)
#   house_test(unit/jx LINKS base)          # tests/unit/jx_test.c, label unit
#   house_fuzz(url LINKS base)              # tests/fuzz/url_fuzz.c, corpus tests/fuzz/corpus/url
#
# PURE marks a core or a library of words: ci/check-purity holds `nm -u` of its archive, built
# without instrumentation, against ci/purity.allow.

include(GNUInstallDirs)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(Civetweb REQUIRED)
pkg_check_modules(JSONC REQUIRED IMPORTED_TARGET json-c)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(MNL REQUIRED IMPORTED_TARGET libmnl)
pkg_check_modules(NFT REQUIRED IMPORTED_TARGET libnftables)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
find_library(HTTP_PARSER_LIBRARY http_parser REQUIRED)
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)

set(HOUSE_SANITIZE "" CACHE STRING "address;undefined or thread, empty for none")
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

# Asserts are the third kind of wrong and stay on in every build type.
foreach(type DEBUG RELEASE RELWITHDEBINFO MINSIZEREL)
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${type} "${CMAKE_C_FLAGS_${type}}")
endforeach()

add_library(house_flags INTERFACE)
target_include_directories(house_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(house_flags INTERFACE _GNU_SOURCE GATEPROOF_VERSION="${PROJECT_VERSION}")
target_compile_options(house_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -Wformat=2 -Wswitch-enum -Wvla -Wundef -fno-common -fstack-protector-strong
  $<$<C_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond>)
# What each function takes of a stack and whom it calls, beside its object, for ci/check-stack.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT HOUSE_SANITIZE)
  target_compile_options(house_flags INTERFACE -fcallgraph-info=su)
endif()
if(HOUSE_SANITIZE)
  list(JOIN HOUSE_SANITIZE "," house_sanitizers)
  target_compile_options(house_flags INTERFACE
    -fsanitize=${house_sanitizers} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(house_flags INTERFACE -fsanitize=${house_sanitizers})
  # Lines for the sanitizers' reports, no locals (for a debugger: -DHOUSE_DEBUG=-g3), and the quicker
  # linker where it is installed: a third of a cold build is the links of two hundred tests.
  set(HOUSE_DEBUG "-g1" CACHE STRING "what a sanitized build knows for a debugger")
  set(CMAKE_C_FLAGS_DEBUG "${HOUSE_DEBUG}")
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    set(house_linker gold)
  else()
    set(house_linker lld)
  endif()
  find_program(HOUSE_LINKER ld.${house_linker} PATHS /usr/lib/llvm-14/bin)
  if(HOUSE_LINKER)
    target_link_options(house_flags INTERFACE -fuse-ld=${house_linker})
  endif()
endif()

function(house_library name)
  cmake_parse_arguments(arg "PURE" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC house_flags ${arg_LINKS})
  if(arg_PURE)
    target_compile_options(${name} PRIVATE -Wconversion -Wno-sign-conversion)
    set_property(GLOBAL APPEND PROPERTY HOUSE_PURE ${name})
  endif()
endfunction()

# A program is linked with clk.c as an object of its own, so that clock_gettime, time and
# gettimeofday of every library in the process are ours (docs/time.md).
function(house_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE house_flags ${arg_LINKS})
  if(TARGET io_clk)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:io_clk>)
    target_link_options(${name} PRIVATE -Wl,--export-dynamic-symbol=clock_gettime
      -Wl,--export-dynamic-symbol=time -Wl,--export-dynamic-symbol=gettimeofday)
  endif()
endfunction()

# Tests belong to the sanitized builds: a plain `all` is what we ship, `tests` builds them there, too.
add_custom_target(tests)
function(house_tests_have target)
  add_dependencies(tests ${target})
  if(NOT HOUSE_SANITIZE)
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endfunction()

# What several tests share is compiled once: appends its object to the list.
function(house_test_helper list source)
  string(MAKE_C_IDENTIFIER helper_${source} helper)
  if(NOT TARGET ${helper})
    add_library(${helper} OBJECT ${source})
    target_link_libraries(${helper} PRIVATE house_flags ${ARGN})
    set_target_properties(${helper} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  set(${list} ${${list}} $<TARGET_OBJECTS:${helper}> PARENT_SCOPE)
endfunction()

function(house_test path)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINKS;ARGS" ${ARGN})
  if(NOT BUILD_TESTING OR NOT CMOCKA_FOUND)
    return()
  endif()
  get_filename_component(label ${path} DIRECTORY)
  get_filename_component(name ${path} NAME)
  set(target ${label}_${name}_test)
  if(NOT TARGET test_cites)
    add_library(test_cites OBJECT ${CMAKE_SOURCE_DIR}/tests/cites.c)
    target_link_libraries(test_cites PRIVATE house_flags)
    set_target_properties(test_cites PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  set(helpers "")
  foreach(source ${arg_SOURCES})
    house_test_helper(helpers ${source} ${arg_LINKS} PkgConfig::CMOCKA)
  endforeach()
  house_program(${target} SOURCES ${CMAKE_SOURCE_DIR}/tests/${path}_test.c ${helpers}
    $<TARGET_OBJECTS:test_cites> LINKS ${arg_LINKS} PkgConfig::CMOCKA)
  house_tests_have(${target})
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  add_test(NAME ${label}.${name} COMMAND ${target} ${arg_ARGS}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "GATEPROOF_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};GATEPROOF_BUILD=${CMAKE_BINARY_DIR};CMOCKA_XML_FILE=${CMAKE_BINARY_DIR}/xml/${label}.${name}.xml")
endfunction()

# What `make check` leaves to `make check-all`: ten seconds and more.
function(house_test_slow name)
  if(TEST ${name})
    set_property(TEST ${name} APPEND PROPERTY LABELS slow)
  endif()
endfunction()

# With clang the target is a libFuzzer program; with any compiler fuzz_replay.c runs the same entry
# over the corpus as a test, so that every parser of foreign bytes is replayed in `make check`.
function(house_fuzz name)
  cmake_parse_arguments(arg "" "EVERY" "LINKS" ${ARGN}) # EVERY: not each prefix of an input
  if(NOT BUILD_TESTING)
    return()
  endif()
  set(source ${CMAKE_SOURCE_DIR}/tests/fuzz/${name}_fuzz.c)
  set(replay "")
  house_test_helper(replay fuzz/replay.c)
  house_program(fuzz_${name}_replay SOURCES ${source} ${replay} LINKS ${arg_LINKS})
  house_tests_have(fuzz_${name}_replay)
  set_target_properties(fuzz_${name}_replay PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME fuzz.${name} COMMAND fuzz_${name}_replay ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name} ${arg_EVERY})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 60)
  if(CMAKE_C_COMPILER_ID STREQUAL Clang AND HOUSE_SANITIZE MATCHES address)
    add_executable(fuzz_${name} EXCLUDE_FROM_ALL ${source})
    target_link_libraries(fuzz_${name} PRIVATE house_flags ${arg_LINKS})
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    if(TARGET io_clk)
      target_sources(fuzz_${name} PRIVATE $<TARGET_OBJECTS:io_clk>)
    endif()
  endif()
endfunction()

# The names of the pure archives, for ci/check-purity.
function(house_write_pure)
  get_property(pure GLOBAL PROPERTY HOUSE_PURE)
  set(lines "")
  foreach(name ${pure})
    string(APPEND lines "$<TARGET_FILE:${name}>\n")
  endforeach()
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/pure-archives.txt CONTENT "${lines}")
  add_custom_target(pure DEPENDS ${pure})
endfunction()
