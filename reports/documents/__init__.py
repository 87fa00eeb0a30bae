"""The printed documents: their facts, their templates, filling and printing them (the maker of
``evaluation.document_making``)."""
