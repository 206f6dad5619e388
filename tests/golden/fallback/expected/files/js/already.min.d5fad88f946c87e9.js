var  already   =  1;
