# Prints the Makefile's targets in their groups: `##@ Group`, `target: ## what it does`.
BEGIN { FS = ":.*## "; print "Recital: lawful call recording. Say `make` and one of these words:" }
/^##@ / { printf "\n%s\n", substr($0, 5) }
/^[a-z]+:.*## / { split($1, name, ":"); if (name[1] != "help") printf "  %-9s %s\n", name[1], $2 }
END { print "" }
