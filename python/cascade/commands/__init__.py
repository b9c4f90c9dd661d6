"""What the commands do; `cascade.commands.console` has their command lines, which import these modules on demand."""
