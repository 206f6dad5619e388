window.both = inner ? "yes" : "no"
