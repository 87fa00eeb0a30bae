"""Everything that was published of one school year as one file to take away: tables with their schemas, made from
frozen, published records alone. ``tables`` says what the columns are, ``rows`` fills them, ``documents`` explains them,
``package`` packs them, ``building`` keeps the result."""
