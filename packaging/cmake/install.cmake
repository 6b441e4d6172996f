# SPDX-License-Identifier: Apache-2.0
# Installed files that hold paths. `cmake --install --prefix` chooses the prefix after everything was configured, so such
# a file is made from its template while it is installed.

# kms_install_template(TEMPLATE.in DESTINATION): @KMS_SBINDIR@, @KMS_LIBDIR@ and @KMS_DOCDIR@ become whole paths.
function(kms_install_template template destination)
  get_filename_component(source ${template} ABSOLUTE)
  get_filename_component(name ${template} NAME_WLE)
  install(CODE "
    get_filename_component(KMS_SBINDIR \"${CMAKE_INSTALL_SBINDIR}\" ABSOLUTE BASE_DIR \"\${CMAKE_INSTALL_PREFIX}\")
    get_filename_component(KMS_LIBDIR \"${CMAKE_INSTALL_LIBDIR}\" ABSOLUTE BASE_DIR \"\${CMAKE_INSTALL_PREFIX}\")
    get_filename_component(KMS_DOCDIR \"${CMAKE_INSTALL_DOCDIR}\" ABSOLUTE BASE_DIR \"\${CMAKE_INSTALL_PREFIX}\")
    get_filename_component(destination \"${destination}\" ABSOLUTE BASE_DIR \"\${CMAKE_INSTALL_PREFIX}\")
    configure_file(\"${source}\" \"${CMAKE_CURRENT_BINARY_DIR}/${name}\" @ONLY)
    file(INSTALL DESTINATION \"\${destination}\" TYPE FILE FILES \"${CMAKE_CURRENT_BINARY_DIR}/${name}\")")
endfunction()
