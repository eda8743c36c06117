# The gateway as a Debian package: `cpack -G DEB` in a release build. ci/check-package installs it.

set(package ${CMAKE_SOURCE_DIR}/packaging)
set(man ${CMAKE_BINARY_DIR}/gateproof-pcg.8.gz)
add_custom_command(OUTPUT ${man}
  COMMAND gzip -9nc ${package}/gateproof-pcg.8 > ${man}
  DEPENDS ${package}/gateproof-pcg.8 VERBATIM)
add_custom_target(man ALL DEPENDS ${man})

install(TARGETS gateproof-pcg RUNTIME DESTINATION sbin COMPONENT gateway)
install(FILES ${man} DESTINATION share/man/man8 COMPONENT gateway)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/gateproof-pcg RENAME copyright
  COMPONENT gateway)
install(FILES ${package}/gateproof-pcg.service DESTINATION /lib/systemd/system COMPONENT gateway)
install(FILES ${package}/gateproof-pcg.sysusers DESTINATION lib/sysusers.d
  RENAME gateproof-pcg.conf COMPONENT gateway)
install(FILES ${package}/gateproof-pcg.default DESTINATION /etc/default RENAME gateproof-pcg
  COMPONENT gateway)

file(WRITE ${CMAKE_BINARY_DIR}/package/conffiles "/etc/default/gateproof-pcg\n")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL gateway)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "Gateproof <gateproof@example.org>")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_NAME gateproof-pcg)
set(CPACK_DEBIAN_GATEWAY_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_GATEWAY_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_GATEWAY_PACKAGE_DEPENDS "systemd-standalone-sysusers | systemd")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_RECOMMENDS "ca-certificates, systemd")
set(CPACK_COMPONENT_GATEWAY_DESCRIPTION
  "Private cloud gateway between Palette and MAAS\n It stands at a site, opens every connection itself, and deploys the machines of\n clusters that users of Palette ask for. This is Gateproof's reference gateway.")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_CONTROL_EXTRA ${package}/postinst ${package}/prerm
  ${package}/postrm ${CMAKE_BINARY_DIR}/package/conffiles)
set(CPACK_DEBIAN_GATEWAY_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
