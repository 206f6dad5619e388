var nomap = 1;

