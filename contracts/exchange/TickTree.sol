// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @dev A set of numbers of 24 bits as three layers of bitmaps: a bit of an upper layer says that the word under it is not empty.
/// So the next one in either direction is found in a fixed number of reads, however far away it is.
library TickTree {
    struct Tree {
        uint256 root;
        mapping(uint256 index => uint256) middle;
        mapping(uint256 index => uint256) leaf;
    }

    function add(Tree storage tree, uint256 tick) internal {
        uint256 leaf = tree.leaf[tick >> 8];
        tree.leaf[tick >> 8] = leaf | _bit(tick);
        if (leaf != 0) return;

        uint256 middle = tree.middle[tick >> 16];
        tree.middle[tick >> 16] = middle | _bit(tick >> 8);
        if (middle == 0) tree.root |= _bit(tick >> 16);
    }

    function remove(Tree storage tree, uint256 tick) internal {
        uint256 leaf = tree.leaf[tick >> 8] & ~_bit(tick);
        tree.leaf[tick >> 8] = leaf;
        if (leaf != 0) return;

        uint256 middle = tree.middle[tick >> 16] & ~_bit(tick >> 8);
        tree.middle[tick >> 16] = middle;
        if (middle == 0) tree.root &= ~_bit(tick >> 16);
    }

    /// @return The highest member under `tick`; zero without one, as zero is no member
    function below(Tree storage tree, uint256 tick) internal view returns (uint256) {
        uint256 word = tree.leaf[tick >> 8] & _bitsBelow(tick);
        if (word != 0) return (tick >> 8 << 8) | Math.log2(word);

        word = tree.middle[tick >> 16] & _bitsBelow(tick >> 8);
        if (word != 0) return _highestOfLeaf(tree, (tick >> 16 << 8) | Math.log2(word));

        word = tree.root & _bitsBelow(tick >> 16);
        if (word == 0) return 0;
        uint256 index = Math.log2(word);
        return _highestOfLeaf(tree, (index << 8) | Math.log2(tree.middle[index]));
    }

    /// @return The lowest member over `tick`; zero without one
    function above(Tree storage tree, uint256 tick) internal view returns (uint256) {
        uint256 word = tree.leaf[tick >> 8] & _bitsAbove(tick);
        if (word != 0) return (tick >> 8 << 8) | _lowest(word);

        word = tree.middle[tick >> 16] & _bitsAbove(tick >> 8);
        if (word != 0) return _lowestOfLeaf(tree, (tick >> 16 << 8) | _lowest(word));

        word = tree.root & _bitsAbove(tick >> 16);
        if (word == 0) return 0;
        uint256 index = _lowest(word);
        return _lowestOfLeaf(tree, (index << 8) | _lowest(tree.middle[index]));
    }

    function _highestOfLeaf(Tree storage tree, uint256 index) private view returns (uint256) {
        return (index << 8) | Math.log2(tree.leaf[index]);
    }

    function _lowestOfLeaf(Tree storage tree, uint256 index) private view returns (uint256) {
        return (index << 8) | _lowest(tree.leaf[index]);
    }

    /// @dev Position of the lowest set bit: what x and its two's complement share.
    function _lowest(uint256 word) private pure returns (uint256) {
        unchecked {
            return Math.log2(word & (0 - word));
        }
    }

    function _bit(uint256 index) private pure returns (uint256) {
        return 1 << (index & 0xff);
    }

    function _bitsBelow(uint256 index) private pure returns (uint256) {
        return _bit(index) - 1;
    }

    function _bitsAbove(uint256 index) private pure returns (uint256) {
        return ~(_bitsBelow(index) | _bit(index));
    }
}
