"""Operations that choose, order and arrange the elements of arrays."""
