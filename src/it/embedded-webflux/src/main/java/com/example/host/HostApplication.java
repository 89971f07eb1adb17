package com.example.host;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
class HostApplication {

    static void main(String[] args) {
        SpringApplication.run(HostApplication.class, args);
    }
}
