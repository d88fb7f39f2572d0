"""The Message Transfer System's vocabulary (X.402, X.411): O/R addresses, identifiers, trace, bind, APDUs. No I/O."""
