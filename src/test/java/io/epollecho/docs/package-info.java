/** Tests of the documentation: its tables match the code, and its links lead somewhere. */
@NullMarked
package io.epollecho.docs;

import org.jspecify.annotations.NullMarked;
