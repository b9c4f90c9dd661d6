"""The figures that a risk team asks for beyond what happened: a module a question."""
