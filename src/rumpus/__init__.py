"""A play room for robots: play without reward, keep every picture, do what a picture shows."""
