// soci: SOCI's header without its Boost part.
//
// Debian's SOCI was built with Boost, so its header asks for Boost.Fusion, which nothing here uses:
// the macro only adds overloads for tuples and optionals, no layout depends on it.
#pragma once

#include <soci/soci-config.h>
#undef SOCI_HAVE_BOOST
#undef SOCI_HAVE_BOOST_DATE_TIME
#include <soci/soci.h>
