# A thin door: the work is done by ci/run and ci/check, whose exit codes say more than make's 2.
.PHONY: run check check-all clauses-bite bench format clean
run:
	@ci/run
check:
	@ci/check
check-all:
	@ci/check-all
clauses-bite:
	@ci/clauses-bite
bench:
	@ci/bench
format:
	@ci/check-format --fix
clean:
	rm -rf build
