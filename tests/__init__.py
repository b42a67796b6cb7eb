"""Tests of the portal; folders mirror the apps."""
