# A thin door: the work is done by ci/run and ci/check, whose exit codes say more than make's 2.
.PHONY: run check check-all clauses-bite interop bench format clean
run: # GATEWAY=…/gateway.json: another than the reference
	@ci/run $(if $(GATEWAY),--gateway $(GATEWAY))
check:
	@ci/check
check-all:
	@ci/check-all
clauses-bite:
	@ci/clauses-bite
# Real clients against the mocks; each script says what was absent.
interop:
	@red=0; for one in ci/interop-*; do $$one || red=1; done; exit $$red
bench:
	@ci/bench
format:
	@ci/check-format --fix
clean:
	rm -rf build
