//! A list that is nearly always of one or two: those are kept in place.

#[derive(Clone)]
pub struct Few<T> {
    count: usize,
    first: [T; 2],
    /// All of them, once they are more than two.
    many: Vec<T>,
}

impl<T: Copy + Default> Default for Few<T> {
    fn default() -> Few<T> {
        Few {
            count: 0,
            first: [T::default(); 2],
            many: Vec::new(),
        }
    }
}

impl<T: Copy> Few<T> {
    pub fn push(&mut self, item: T) {
        match self.first.get_mut(self.count) {
            Some(place) => *place = item,
            None => {
                if self.many.is_empty() {
                    self.many.extend_from_slice(&self.first);
                }
                self.many.push(item);
            }
        }
        self.count += 1;
    }

    pub fn as_slice(&self) -> &[T] {
        self.first.get(..self.count).unwrap_or(&self.many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_through_the_change_of_place() {
        let mut few = Few::default();
        for count in 0..6 {
            assert_eq!(few.as_slice(), (0..count).collect::<Vec<_>>());
            few.push(count);
        }
    }
}
