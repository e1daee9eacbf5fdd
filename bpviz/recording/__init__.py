"""The record of a computation: handles, and everything that they meet."""
