"""How requests are met before any page: what may come in, who asks whether we are well, and what is written down."""
